"""Toybox: a made-up world of solids, and the small unCLIP trained on our own pictures of it."""
