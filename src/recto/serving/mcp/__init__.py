"""Tools for agents (Model Context Protocol, the official SDK): read and extract, over stdio and over HTTP."""
