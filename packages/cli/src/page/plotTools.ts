/**
 * What the scripts of pages draw with. `drawAll(make)` draws what `make(isWide)` gives, and again when the page
 * changes its width or goes from light to dark.
 */
export const PLOT_TOOLS = `
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dollars = (value) => value == null ? "" : "$" + value.toLocaleString("en-US");
const axis = (more) => ({ stroke: css("--soft"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui, sans-serif", ...more });
const two = (part) => String(part).padStart(2, "0");
const time = () => axis({ values: (_, at, __, ___, step) => {
  let day = null;
  return at.map((seconds) => {
    const utc = new Date(seconds * 1000);
    const date = two(utc.getUTCMonth() + 1) + "-" + two(utc.getUTCDate());
    if (step >= 86400) return date;
    const clock = two(utc.getUTCHours()) + ":" + two(utc.getUTCMinutes()) + (step < 60 ? ":" + two(utc.getUTCSeconds()) : "");
    const isNew = date !== day;
    day = date;
    return isNew ? clock + "\\n" + date : clock;
  });
} });
const money = () => axis({ size: 76, values: (_, at) => at.map(dollars) });
const line = (label, tone, more) => ({ label, stroke: css(tone), width: 2, points: { show: false }, ...more });
const plot = (id, options, columns) => {
  const target = document.getElementById(id);
  return new uPlot({
    width: target.clientWidth - 16, legend: { show: false }, cursor: { drag: { x: false, y: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"), ...options,
  }, columns, target);
};
const drawAll = (make) => {
  let drawn = [];
  const draw = () => {
    for (const one of drawn) one.destroy();
    drawn = make(innerWidth > 560);
  };
  draw();
  let waiting;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(draw, 120); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
};
`
