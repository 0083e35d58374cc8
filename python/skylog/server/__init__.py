"""The network side: sockets, connections, dispatch."""
