"""Measurements that are not a rate: the cost of one password hash, page weight, and how tokens fare under a flood."""
