"""Tools for agents (Model Context Protocol, the official SDK): one tool, over stdio and over HTTP."""
