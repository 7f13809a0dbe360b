/** Draws the ways on a logarithmic scale, and the budgets with bands where a circuit was not closed. */
export const REPORT_PLOTS = `
const hourText = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);

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

drawAll((isWide) => {
  const make = (id, height, scale, lines, columns, plugins) => {
    const series = lines.map(([label, tone, dash, fill]) => line(label, tone, { ...(dash && { dash }), ...(fill && { fill: css(tone) + "22" }) }));
    const hours = axis({ label: "time of day (UTC)", labelSize: 24, labelFont: "12px system-ui, sans-serif", space: isWide ? 60 : 46, values: (_, at) => at.map(hourText) });
    return plot(id, { height, scales: { y: scale }, axes: [hours, money()], series: [{}, ...series], plugins }, [DATA.at, ...columns]);
  };
  return [
    make("ways", isWide ? 380 : 300, { distr: 3, range: [50, 100000] }, [["no guard", "--bare"], ["billing alert", "--alert", [7, 7]], ["post-hoc counter", "--post"], ["Spendfuse", "--fuse"]], DATA.ways, []),
    make("hour", isWide ? 260 : 220, { range: [0, 320] }, [["spent in the hour", "--fuse", null, true], ["cap", "--cap", [7, 5]]], DATA.hour, [bands(DATA.hourBands)]),
    make("day", isWide ? 260 : 220, { range: [0, 2500] }, [["spent in the day", "--fuse", null, true], ["cap", "--cap", [7, 5]]], DATA.day, [bands(DATA.dayBands)]),
  ];
});
`
