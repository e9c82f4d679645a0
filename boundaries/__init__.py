"""Drafts of boundaries: edited step by step, checked, weighed, reviewed, published in one transaction."""
