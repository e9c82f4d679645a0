"""The screen: pages, the read-only API behind them and the live stream; reads the database only."""
