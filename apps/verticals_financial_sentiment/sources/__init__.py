"""Where headlines come from: feeds, a watched folder, a replayed file, and rows that are posted."""
