"""How every page looks: one calm theme, system fonts, nothing loaded from elsewhere."""

import gradio as gr

_SANS = ("system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")

CSS = """
.gradio-container { max-width: 1200px !important; margin: 0 auto !important; }
.muted { color: var(--body-text-color-subdued, #666); font-size: 0.92em; }
.bar { background: #e5e7eb; border-radius: 6px; height: 8px; overflow: hidden; margin: 2px 0 10px; }
.bar > i { display: block; height: 100%; background: #2f6f5e; }
.chip { display: inline-block; padding: 2px 10px; border-radius: 999px; font-weight: 600; font-size: 0.9em; }
.chip.answer { background: #dcefe8; color: #14532d; }
.chip.clarify { background: #fdf0d5; color: #7a4b00; }
.chip.hand_over { background: #fbe0e0; color: #8a1c1c; }
.source { border-left: 3px solid #2f6f5e; padding: 2px 0 2px 12px; margin: 10px 0; }
.front { max-width: 860px; margin: 8vh auto; padding: 0 20px; font-family: system-ui, sans-serif; color: #1f2937; }
.front nav { text-align: right; } .front nav a { margin-left: 16px; color: #2f6f5e; }
.front .card { display: block; border: 1px solid #d9dee4; border-radius: 10px; padding: 4px 22px; margin: 14px 0; color: inherit; text-decoration: none; }
.front .card:hover, .front .card:focus { border-color: #2f6f5e; }
"""


def theme() -> gr.themes.Base:
    """Return the Gradio theme."""
    return gr.themes.Soft(
        primary_hue=gr.themes.colors.emerald, neutral_hue=gr.themes.colors.slate, font=list(_SANS), font_mono=list(_MONO)
    )
