"""Rules, the kernel that judges readings by them, alerts, plans and their runs."""
