"""Measurements that anyone can run: `shijing bench …`. Each tells its conditions."""
