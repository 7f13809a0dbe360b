export const simulate = () => ({ load: {}, figures: {}, claims: [] })
