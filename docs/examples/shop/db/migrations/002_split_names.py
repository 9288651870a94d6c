"""Customers get a given and a family name instead of one name."""

from confiture.models.migration import Migration


class SplitNames(Migration):
    version = "002"
    name = "split_names"

    def up(self) -> None:
        self.execute("ALTER TABLE sales.customers ADD COLUMN given_name text")
        self.execute(
            "ALTER TABLE sales.customers ADD COLUMN family_name text NOT NULL DEFAULT ''"
        )
        # The last word is the family name, unless there is only one.
        self.execute(r"""
            UPDATE sales.customers
            SET given_name = coalesce(substring(name FROM '^(.*)\s\S+$'), name),
                family_name = coalesce(substring(name FROM '^.*\s(\S+)$'), '')
        """)
        self.execute("ALTER TABLE sales.customers ALTER COLUMN given_name SET NOT NULL")
        self.execute("ALTER TABLE sales.customers DROP COLUMN name")

    def down(self) -> None:
        self.execute("ALTER TABLE sales.customers ADD COLUMN name text")
        self.execute(
            "UPDATE sales.customers SET name = trim(given_name || ' ' || family_name)"
        )
        self.execute("ALTER TABLE sales.customers ALTER COLUMN name SET NOT NULL")
        self.execute("ALTER TABLE sales.customers DROP COLUMN given_name")
        self.execute("ALTER TABLE sales.customers DROP COLUMN family_name")
