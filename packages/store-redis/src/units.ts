/** Compares texts as `<` does, for sorting: that is the order of their encoded bytes too. */
export const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
