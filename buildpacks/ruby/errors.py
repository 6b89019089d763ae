"""What can be wrong with a Ruby app, and every text about it.

ExplainedError
"""
