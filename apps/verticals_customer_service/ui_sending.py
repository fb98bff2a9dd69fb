"""What happens in the browser when a text is sent, or another conversation chosen: none waits for the server, or reaches the wrong customer."""

from typing import Final

SENT: Final = "text => text.trim() ? ['', text] : [text, '']"

# A customer also sees the text at once, as `safety.inert` shows it: no HTML, link or picture comes of it until the answer is there.
SENT_BY_CUSTOMER: Final = r"""(text, chat) => {
  if (!text.trim()) return [text, '', chat];
  const signs = /([!#$%()*+,\-./:=?@[\\\]^_`{|}~])/g;
  const shown = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(signs, '\\$1');
  return ['', text, [...chat, {role: 'user', content: [{type: 'text', text: shown}]}]];
}"""

GIVEN_BACK: Final = "(typed, sent) => typed || sent"

# What was written to one customer and not sent waits there; what was written before anybody was chosen is for the first.
DRAFT: Final = """(chosen, written) => {
  const drafts = window.drafts ??= {of: chosen, texts: {}};
  drafts.texts[drafts.of] = written;
  drafts.of = chosen;
  return drafts.texts[chosen] ?? '';
}"""
