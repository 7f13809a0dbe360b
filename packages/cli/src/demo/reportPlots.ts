/** Draws the plots: redrawn when the page changes its width or goes from light to dark. */
export const REPORT_PLOTS = `
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dollars = (value) => value == null ? "" : "$" + value.toLocaleString("en-US");
const hourText = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);
let drawn = [];

const axes = (isWide) => {
  const shared = { stroke: css("--soft"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
  return [
    { ...shared, label: "time of day (UTC)", labelSize: 24, labelFont: "12px system-ui, sans-serif", space: isWide ? 60 : 46, values: (_, at) => at.map(hourText) },
    { ...shared, size: 76, values: (_, at) => at.map(dollars) },
  ];
};

const bands = (spans) => ({ hooks: { drawClear: [(plot) => {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { from, until, state } of spans) {
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(until, "x", true));
    ctx.fillStyle = css(state === "latched" ? "--latched" : "--open");
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}] } });

const draw = () => {
  for (const plot of drawn) plot.destroy();
  const isWide = innerWidth > 560;
  const make = (id, height, scale, lines, columns, plugins) => {
    const target = document.getElementById(id);
    const series = lines.map(([label, color, dash, fill]) => ({ label, stroke: css(color), width: 2, ...(dash && { dash }), ...(fill && { fill: css(color) + "22" }), points: { show: false } }));
    return new uPlot({ width: target.clientWidth - 16, height, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"), cursor: { drag: { x: false, y: false } }, legend: { show: false }, scales: { y: scale }, axes: axes(isWide), series: [{}, ...series], plugins }, [DATA.at, ...columns], target);
  };
  drawn = [
    make("ways", isWide ? 380 : 300, { distr: 3, range: [50, 100000] }, [["no guard", "--bare"], ["billing alert", "--alert", [7, 7]], ["post-hoc counter", "--post"], ["Spendfuse", "--fuse"]], DATA.ways, []),
    make("hour", isWide ? 260 : 220, { range: [0, 320] }, [["spent in the hour", "--fuse", null, true], ["cap", "--cap", [7, 5]]], DATA.hour, [bands(DATA.hourBands)]),
    make("day", isWide ? 260 : 220, { range: [0, 2500] }, [["spent in the day", "--fuse", null, true], ["cap", "--cap", [7, 5]]], DATA.day, [bands(DATA.dayBands)]),
  ];
};

draw();
let waiting;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(draw, 120); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
`
