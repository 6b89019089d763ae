"""The layers the Node.js buildpack writes, a file for each."""
