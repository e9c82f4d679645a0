"""The ways by which people are called, one module each; docs/channels.md says what each speaks."""
