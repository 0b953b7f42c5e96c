"""Plans what `di migrate` moves, from the facts of the reader, and rewrites the files that change."""
