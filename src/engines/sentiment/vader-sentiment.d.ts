/** The part of the package that is used; it brings no types of its own. */
declare module 'vader-sentiment' {
  const vader: {
    readonly SentimentIntensityAnalyzer: {
      /** Shares of positive, neutral and negative words, and `compound`, which sums a text up from -1 to 1. */
      polarity_scores(text: string): { readonly compound: number }
    }
  }
  export default vader
}
