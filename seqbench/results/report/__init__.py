"""One self-contained page of any tables: `seqbench report`."""

from .writing import Report, campaign_page, write_report

__all__ = ["Report", "campaign_page", "write_report"]
