"""Settings, logging, the database and the files that people edit; knows nothing of the other rooms."""
