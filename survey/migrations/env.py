"""Alembic's entry: configured in code by survey.db, which hands over its connection."""

from alembic import context

from survey.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=True,
)

with context.begin_transaction():
    context.run_migrations()
