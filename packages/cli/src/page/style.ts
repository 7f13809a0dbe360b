/** How every page looks: readable in light and dark, from phone to wide screen. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --card: #ffffff; --ink: #1c1d1f; --soft: #5d6066; --line: #dfe1e5; --grid: #eceef1;
  --bare: #c62828; --alert: #e07b00; --alert-text: #9a5400; --post: #7b3fb5; --fuse: #15803d; --cap: #b91c1c;
  --open: rgba(224, 123, 0, .16); --latched: rgba(198, 40, 40, .20);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121316; --card: #1a1c20; --ink: #e8e9ec; --soft: #a0a4ad; --line: #33363d; --grid: #26292f;
    --bare: #ff6b6b; --alert: #ffab40; --alert-text: #ffab40; --post: #c792ea; --fuse: #4ade80; --cap: #ff8a80;
    --open: rgba(255, 171, 64, .20); --latched: rgba(255, 107, 107, .26);
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { font-size: clamp(1.6rem, 4.5vw, 2.3rem); line-height: 1.15; letter-spacing: -.02em; margin: 0 0 .5rem }
h2 { font-size: 1.15rem; margin: 2.75rem 0 .25rem; letter-spacing: -.01em }
p { margin: .25rem 0 1rem; color: var(--soft); max-width: 44rem; overflow-wrap: anywhere }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1.75rem 0 0 }
.figure { background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--tone); border-radius: 8px; padding: .8rem 1rem }
.figure b { display: block; font-size: 1.7rem; line-height: 1.2; letter-spacing: -.02em; font-variant-numeric: tabular-nums }
.figure span { color: var(--soft); font-size: .9rem }
.plot { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem .5rem .25rem; overflow: hidden }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: .6rem 0 .8rem; font-size: .9rem }
.legend i { display: inline-block; width: 1.4em; height: 0; border-top: 3px solid var(--tone); vertical-align: middle; margin-right: .45em }
.legend i.dashed { border-top-style: dashed }
.legend i.band { height: .9em; border: 0; border-radius: 2px; background: var(--tone) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .95rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .5rem 1.4rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td:first-child { min-width: 7rem; overflow-wrap: anywhere }
th { color: var(--soft); font-weight: 600; font-size: .85rem; white-space: nowrap }
td.number, th.number { text-align: right; white-space: nowrap }
ol { list-style: none; margin: .75rem 0 0; padding: 0; font-size: .95rem }
li { display: grid; grid-template-columns: minmax(5rem, max-content) 6.2rem 1fr; gap: 0 .75rem; padding: .4rem 0; border-bottom: 1px solid var(--line) }
li time { color: var(--soft); font-variant-numeric: tabular-nums }
li em { font-style: normal; font-weight: 600 }
li.more { display: block; color: var(--soft) }
.slack em { color: var(--alert-text) } .pagerDuty em, .oncall em { color: var(--bare) } .operator em { color: var(--fuse) }
footer { margin-top: 3rem; color: var(--soft); font-size: .9rem }
.u-legend { display: none }
@media (max-width: 34rem) {
  main { padding: 1.5rem 1rem 3rem }
  li { grid-template-columns: minmax(5rem, max-content) 1fr } li span { grid-column: 1 / -1; overflow-wrap: anywhere }
  .figures { grid-template-columns: 1fr 1fr }
  .figure b { font-size: 1.3rem; overflow-wrap: anywhere }
}
`
