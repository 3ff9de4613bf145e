"""What can be wrong with a brand.

ValueError
└── BrandRefused    the logo or the colours are not what we show
"""


class BrandRefused(ValueError):
    """A logo or a colour cannot be used. The text follows the name of the member."""
