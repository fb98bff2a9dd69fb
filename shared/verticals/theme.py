"""How every page looks: one calm theme, system fonts, nothing loaded from elsewhere."""

import gradio as gr

_SANS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Noto Sans",
    "Noto Sans CJK SC",
    "PingFang SC",
    "Microsoft YaHei",
    "sans-serif",
)
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")

ACCENT = "#0f766e"

CSS = """
/* An error is told in a notice; Gradio would also cover with it what has to be corrected. */
[data-testid="status-tracker"]:has(> .error) { display: none !important; }
.gradio-container { width: 100% !important; max-width: 1200px !important; margin: 0 auto !important; }
.top { display: flex; justify-content: space-between; align-items: baseline; }
.top h1 { margin: 0; font-size: 1.5em; }
.top a { color: #0f766e; }
.muted { opacity: 0.75; font-size: 0.93em; }
.label { margin: 14px 0 4px; font-size: 0.85em; opacity: 0.75; }
.row { display: flex; justify-content: space-between; gap: 12px; }
.bar { background: rgba(120, 130, 140, 0.22); border-radius: 6px; height: 8px; overflow: hidden; margin: 2px 0 10px; }
.bar > i { display: block; height: 100%; background: #0f766e; }
.chip { display: inline-block; padding: 2px 12px; border-radius: 999px; font-weight: 600; font-size: 0.9em; }
.chip.answer { background: #dcefe8; color: #14532d; }
.chip.clarify { background: #fdf0d5; color: #7a4b00; }
.chip.hand_over { background: #fbe0e0; color: #8a1c1c; }
.notice { border-left: 3px solid #b45309; padding-left: 12px; }
.source { border-left: 3px solid #0f766e; padding: 2px 0 2px 12px; margin: 6px 0; }
.mark { display: inline-block; padding: 1px 9px; margin: 0 4px 4px 0 !important; border-radius: 999px; font-size: 0.82em; }
.mark { background: rgba(120, 130, 140, 0.16); }
.picks { display: grid; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 14px; }
.pick { display: flex; flex-direction: column; border: 1px solid rgba(120, 130, 140, 0.3); border-radius: 10px; padding: 12px 16px; }
.pick h4 { margin: 4px 0 2px !important; font-size: 1.05em; }
.pick p { margin: 2px 0 6px; }
.why { border-left: 3px solid #0f766e; padding-left: 10px; font-size: 0.93em; }
.acts { display: flex; flex-wrap: wrap; gap: 6px; margin-top: auto; padding-top: 8px; }
.act { border: 1px solid rgba(120, 130, 140, 0.45); border-radius: 8px; padding: 6px 12px; background: transparent; cursor: pointer; }
.act { margin: 0 !important; color: inherit; font: inherit; font-size: 0.9em; }
.act:hover, .act:focus-visible { border-color: #0f766e; outline: 2px solid #0f766e; outline-offset: -1px; }
.strip, .table, .tab-wrapper { contain: inline-size; }
.strip { display: flex; gap: 10px; overflow-x: auto; list-style: none !important; margin: 0 0 10px !important; padding: 2px 2px 8px !important; }
.strip li { flex: 0 0 168px; border: 1px solid rgba(120, 130, 140, 0.3); border-radius: 8px; padding: 8px 10px; margin: 0 !important; }
.strip li { display: flex; flex-direction: column; justify-content: space-between; font-size: 0.9em; list-style: none !important; }
.strip li b { font-weight: 600; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 8px 32px; }
.ranked { padding-left: 1.6em !important; }
.ranked li { margin: 0 0 8px !important; }
.ranked li.both > b { border-bottom: 2px solid #0f766e; }
.ranked .why { margin: 2px 0; }
.table tr.served { font-weight: 600; }
.table small { display: block; opacity: 0.75; font-weight: 400; white-space: nowrap; }
.table { overflow-x: auto; }
.table table { border-collapse: collapse; width: 100%; border: 0 !important; }
.table th, .table td { text-align: left; padding: 7px 18px 7px 0 !important; border: 0 !important; }
.table tr { border: 0 !important; border-bottom: 1px solid rgba(120, 130, 140, 0.3) !important; }
.terse th, .terse td { word-break: keep-all; }
.table td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.narrow { display: none; }
@media (max-width: 640px) {
  .stacked thead { display: none; }
  .stacked tr { display: block; padding: 8px 0; }
  .stacked td { display: inline; padding: 0 10px 0 0 !important; overflow-wrap: anywhere; }
  .stacked td.long { display: block; padding: 2px 0 !important; }
  .narrow { display: inline; }
}
.feed { list-style: none !important; margin: 0 !important; padding: 0 !important; }
.feed li { margin: 0 !important; padding: 10px 0; border-bottom: 1px solid rgba(120, 130, 140, 0.3); }
.feed p { display: block; margin: 0 0 3px !important; }
.feed p.row { display: flex; flex-wrap: wrap; gap: 0 12px; align-items: baseline; }
.status { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; margin: 6px 0; font-size: 0.93em; }
.tiles { list-style: none !important; display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); }
.tiles { gap: 12px; margin: 8px 0 !important; padding: 0 !important; }
.tiles li { margin: 0 !important; padding: 0 !important; }
.tile { display: flex; flex-direction: column; gap: 7px; width: 100%; height: 100%; padding: 12px 14px; font: inherit; }
.tile { border: 1px solid rgba(120, 130, 140, 0.35); border-radius: 10px; background: none; color: inherit; }
.tile { text-align: left; cursor: pointer; }
.tile:hover, .tile:focus-visible, .tile[aria-pressed="true"] { border-color: #0f766e; }
.tile[aria-pressed="true"] { box-shadow: inset 0 0 0 1px #0f766e; }
.band { position: relative; display: block; height: 8px; border-radius: 6px; background: rgba(120, 130, 140, 0.18); }
.band > i { position: absolute; height: 100%; border-radius: 6px; background: rgba(15, 118, 110, 0.4); }
.band > b { position: absolute; top: -3px; width: 3px; height: 14px; margin-left: -1px; background: currentColor; }
.above, .positive { color: #0f766e; }
.below, .negative { color: #b45309; }
.dark .above, .dark .positive { color: #5eead4; }
.dark .below, .dark .negative { color: #fbbf24; }
.show { font: inherit; color: #0f766e; background: none; border: 0; padding: 2px 4px; cursor: pointer; }
.dark .show { color: #5eead4; }
.show { text-decoration: underline; }
.show[aria-pressed="true"] { font-weight: 600; }
.chip.low { background: #e6ebf0; color: #334155; }
.chip.medium, .chip.warn { background: #fdf0d5; color: #7a4b00; }
.chip.high { background: #fbe0e0; color: #8a1c1c; }
.chip.warn { padding: 0 10px; }
.words { line-height: 2; }
.words mark { color: inherit; border-radius: 3px; padding: 1px 2px; text-underline-offset: 4px; }
.words mark.positive { background: color-mix(in srgb, rgba(15, 118, 110, 0.45) var(--strength), transparent); }
.words mark.positive { text-decoration: underline solid #0f766e 2px; }
.words mark.negative { background: color-mix(in srgb, rgba(217, 119, 6, 0.5) var(--strength), transparent); }
.words mark.negative { text-decoration: underline dotted #b45309 2px; }
.front { max-width: 860px; margin: 8vh auto; padding: 0 20px; font-family: system-ui, sans-serif; color: #1f2937; }
.front.broad { max-width: 1200px; }
.front.broad .table { font-size: 0.88rem; }
.front.broad .table th, .front.broad .table td { padding-right: 12px !important; }
.front nav { text-align: right; }
.front nav a { margin-left: 16px; color: #0f766e; }
.front .card { display: block; border: 1px solid #d9dee4; border-radius: 10px; padding: 4px 22px; margin: 14px 0; }
.front .card { color: inherit; text-decoration: none; }
.front .card:hover, .front .card:focus { border-color: #0f766e; }
"""


def theme() -> gr.themes.Base:
    """Return the Gradio theme."""
    base = gr.themes.Default(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        font=list(_SANS),
        font_mono=list(_MONO),
    )
    return base.set(button_primary_background_fill=ACCENT, button_primary_background_fill_hover="#0b5e57")
