/** Draws a plot per policy. */
export const REPLAY_PLOTS = `
drawAll((isWide) => DATA.map(({ at, series }, place) => {
  const lines = [["asked for", "--alert"], ["served", "--fuse"], ["refused", "--bare"]];
  return plot("plot-" + place, {
    height: isWide ? 300 : 240, axes: [axis(), money()],
    series: [{}, ...lines.map(([label, tone]) => line(label, tone, { points: { show: at.length < 3 } }))],
  }, [at, ...series]);
}));
`
