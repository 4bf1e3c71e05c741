"""What talks to devices. Rows are the services'; here are only sockets and files."""
