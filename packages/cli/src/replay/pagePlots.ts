/** Draws a plot per policy: redrawn when the page changes its width or goes from light to dark. */
export const REPLAY_PLOTS = `
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
let drawn = [];
const draw = () => {
  for (const plot of drawn) plot.destroy();
  const shared = () => ({ stroke: css("--soft"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui, sans-serif" });
  drawn = DATA.map(({ at, series }, place) => {
    const target = document.getElementById("plot-" + place);
    const lines = [["asked for", "--alert"], ["served", "--fuse"], ["refused", "--bare"]];
    return new uPlot({
      width: target.clientWidth - 16, height: innerWidth > 560 ? 300 : 240,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      cursor: { drag: { x: false, y: false } }, legend: { show: false },
      axes: [shared(), { ...shared(), size: 76, values: (_, all) => all.map((value) => "$" + value.toLocaleString("en-US")) }],
      series: [{}, ...lines.map(([label, tone]) => ({ label, stroke: css(tone), width: 2, points: { show: at.length < 3 } }))],
    }, [at, ...series], target);
  });
};
draw();
let waiting;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(draw, 120); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
`
