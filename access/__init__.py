"""Who may do what, who did what, what of people is kept; and who and what may reach the system at all."""
