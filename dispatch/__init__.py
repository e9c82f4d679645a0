"""Who is called for which task of a run, by which channel, and what they answer (叫应)."""
