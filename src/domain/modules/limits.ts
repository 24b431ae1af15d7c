/** Entries below a module's title in the navigation. */
export const SUB_NAVS_MAX = 64
/** Characters of an address: of a commit, of where a module is deployed. */
export const ADDRESS_CHARS_MAX = 2_048
