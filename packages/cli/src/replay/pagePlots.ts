/** Draws a plot per policy. */
export const REPLAY_PLOTS = `
drawAll((isWide) => DATA.map(({ at, series }, place) => {
  const lines = [["asked for", "--alert", { fill: css("--open"), width: 1 }], ["served", "--fuse"], ["refused", "--bare"]];
  return plot("plot-" + place, {
    height: isWide ? 300 : 240, axes: [time(), money()],
    series: [{}, ...lines.map(([label, tone, more]) => line(label, tone, { points: { show: at.length < 3 }, ...more }))],
  }, [at, ...series]);
}));
`
