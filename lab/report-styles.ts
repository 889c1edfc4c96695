// The report's style sheet. Light and dark differ in the variables alone.

export const styles = `
:root {
  --ground: #fbfaf8; --card: #ffffff; --ink: #1d2126; --soft: #5b636d; --line: #dedbd5;
  --whole: #2b7a63; --part: #7fb3a4; --lost: #c2410c; --lost-soft: #fbe3d6; --cut: #9aa1a9; --cut-soft: #ececea;
  --own: #e8f3ef; --whole-ink: #1c5f4b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181c; --card: #1d2126; --ink: #e9e7e3; --soft: #a2a9b1; --line: #343a41;
    --whole: #4fae92; --part: #35705f; --lost: #f5894f; --lost-soft: #46281b; --cut: #727a83; --cut-soft: #2a2f35;
    --own: #1d322c; --whole-ink: #7fd0b7;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 20px 56px; }
h1 { font-size: clamp(1.6rem, 4.5vw, 2.3rem); line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 16px; }
h2 { font-size: 1.3rem; letter-spacing: -0.01em; margin: 48px 0 6px; }
h3 { font-size: 1rem; margin: 0; }
p { max-width: 74ch; margin: 0 0 12px; }
.lead { font-size: 1.06rem; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.92em; white-space: nowrap; }
.finding { border-left: 4px solid var(--whole); background: var(--own); padding: 14px 18px 4px; margin: 22px 0 0; border-radius: 0 6px 6px 0; }
.patterns { position: absolute; }

table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { font-weight: 600; text-align: left; }
th code { font-weight: 400; }
tr.own th code { font-weight: 700; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin-top: 14px; }
.scroll:focus-visible { outline: 2px solid var(--whole); outline-offset: 2px; }
.glance { width: 100%; min-width: 760px; font-size: 0.92rem; }
.glance th, .glance td { padding: 7px 8px; border-bottom: 1px solid var(--line); }
.glance thead th { font-size: 0.82rem; line-height: 1.25; color: var(--soft); vertical-align: bottom; }
.glance tr:last-child > * { border-bottom: 0; }
.glance td.whole { color: var(--whole-ink); }
.glance td.lost { background: var(--lost-soft); box-shadow: inset 2px 0 var(--card); }
.glance td.lost b { font-size: 0.72rem; letter-spacing: 0.04em; color: var(--lost); margin-left: 6px; }
.glance td.cut { color: var(--soft); }
.glance tr.own > *, .full tr.own > * { background: var(--own); }
.glance tr.own td.lost { background: var(--lost-soft); }
.glance small { display: block; font-size: 0.76rem; line-height: 1.2; color: var(--soft); }

.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 22px; padding: 0; margin: 8px 0 14px; color: var(--soft); font-size: 0.92rem; }
.legend i { display: inline-block; width: 26px; height: 12px; margin-right: 8px; }
.legend i.whole { background: var(--whole); }
.legend i.part { background: var(--part); }
.legend i.lost { background: repeating-linear-gradient(135deg, var(--lost) 0 2px, var(--lost-soft) 2px 5px); }
.legend i.cut { background: repeating-linear-gradient(135deg, var(--cut) 0 2px, var(--cut-soft) 2px 5px); }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 16px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px 18px 12px; display: flex; flex-direction: column; justify-content: space-between; }
aside { border: 1px dashed var(--line); border-radius: 8px; padding: 16px 18px 12px; align-self: start; }
aside p { font-size: 0.92rem; margin: 2px 0 8px; }
aside ul { font-size: 0.92rem; margin: 0; padding-left: 20px; }
figcaption p { color: var(--soft); font-size: 0.92rem; line-height: 1.4; margin: 2px 0 12px; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px 28px; align-items: center; margin-top: 14px; }

svg { display: block; width: 100%; height: auto; }
svg text { font-family: inherit; font-size: 12px; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .label { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 11.5px; }
svg .own { font-weight: 700; }
svg .tick { fill: var(--soft); font-size: 11px; }
svg .grid { stroke: var(--line); }
svg .mark, .mark, .bad { font-weight: 700; color: var(--lost); }
svg .mark, svg .bad { fill: var(--lost); }
svg .mark { font-size: 11px; letter-spacing: 0.03em; }
svg .whole { fill: var(--whole); }
svg .part { fill: var(--part); }
svg .stalled { fill: var(--lost); }
svg .lost { fill: url(#lost); }
svg .cut { fill: url(#cut); }
.lost-ground { fill: var(--lost-soft); } .lost-line { fill: var(--lost); }
.cut-ground { fill: var(--cut-soft); } .cut-line { fill: var(--cut); }

.full { width: 100%; min-width: 780px; font-size: 0.9rem; }
.full th, .full td { padding: 4px 10px; }
.full thead th { color: var(--soft); font-size: 0.82rem; border-bottom: 1px solid var(--line); padding: 8px 10px; }
.full .group { padding: 18px 10px 6px; border-bottom: 1px solid var(--line); }
.full .group span { font-weight: 400; color: var(--soft); margin-left: 8px; }
.number, .full thead .number { text-align: right; }
td.mark { font-size: 0.76rem; letter-spacing: 0.04em; }
.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
.notes { color: var(--soft); font-size: 0.92rem; padding-left: 20px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; margin: 12px 0 0; }
dd { margin: 0; }
footer { margin-top: 48px; padding-top: 14px; border-top: 1px solid var(--line); color: var(--soft); font-size: 0.88rem; }
@media (max-width: 800px) {
  .scroll th:first-child:not(.group) { position: sticky; left: 0; background: var(--card); }
  .scroll tr.own th:first-child { background: var(--own); }
}
@media (max-width: 640px) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 10px; } main { padding: 24px 14px 40px; } figure { padding: 12px; } }
`;
