def build_pages(bot, run): return {}
