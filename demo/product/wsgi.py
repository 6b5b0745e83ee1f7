"""What gunicorn loads: `demo.product.wsgi:app`."""

import os

import zeroten

from demo.product.server import create_app

app = create_app(
    client=zeroten.Client(),  # key and host from ZEROTEN_SECRET_KEY and ZEROTEN_HOST
    publishable_key=os.environ["ZEROTEN_PUBLISHABLE_KEY"],
    zeroten_url=os.environ["ZEROTEN_HOST"],
)
