"""The course's figures: one function per kind, one style, a caption and words for each."""
from .curves import label_lines, plot_history, plot_lines, plot_runs
from .live import LivePlot
from .pictures import plot_boundary, plot_images, plot_matrix, plot_points
from .playground import plot_net
from .style import COLORS, as_array, png, show
from .years import name_points, plot_timeline, plot_years

__all__ = ["COLORS", "LivePlot", "as_array", "label_lines", "name_points", "plot_boundary", "plot_history",
           "plot_images", "plot_lines", "plot_matrix", "plot_net", "plot_points", "plot_runs", "plot_timeline",
           "plot_years", "png", "show"]
