"""Write the site: dashboard, dictionary, docs and lineage, and the notebook."""
