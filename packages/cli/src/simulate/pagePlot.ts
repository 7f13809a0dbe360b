/** Draws what each way has spent over time; the alert is dashed, for it lies on the line without a guard. */
export const FLEET_PLOT = `
drawAll((isWide) => [plot("ways", {
  height: isWide ? 380 : 300, axes: [axis(), money()],
  scales: { y: DATA.isLog ? { distr: 3 } : { range: (_, least, most) => [0, most || 1] } },
  series: [{}, ...DATA.lines.map(({ name, tone }) => line(name, tone, tone === "--alert" ? { dash: [7, 7] } : {}))],
}, [DATA.at, ...DATA.lines.map(({ spent }) => spent)])]);
`
