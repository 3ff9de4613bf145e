"""The wheel as operators get it: built from the tree, installed elsewhere, used by its commands only."""
