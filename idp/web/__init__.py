"""The HTTP surfaces: one blueprint a folder, mirrored in templates/. Views parse, call one service and answer."""
