"""A matplotlib figure as the bytes of a picture: for the figures of a chapter, and for its widgets."""
import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 100


def png_bytes(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as PNG, the same bytes each time for the same figure; the figure stays open.

    `savefig` would lay it out and draw it in two passes: the same pixels, in more time. There is no
    date and no version in the file, which would differ.
    """
    buffer, before, figure.dpi = io.BytesIO(), figure.dpi, dpi
    try:
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    finally:
        figure.dpi = before
    return buffer.getvalue()
