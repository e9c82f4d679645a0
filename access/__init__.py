"""Who may do what, who did what, and what of people is kept, how and for how long."""
