"""What the admin plane takes and gives, as marshmallow schemas."""
