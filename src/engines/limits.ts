/** Pictures that a network computes in one run; more gain little and make the others of a worker wait. */
export const MAX_PICTURES_PER_RUN = 16
