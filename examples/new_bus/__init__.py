"""The archiver on the new bus: a fedora-messaging service on RabbitMQ, read over HTTP."""
