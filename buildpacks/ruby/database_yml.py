"""config/database.yml for Active Record before 4.1, which does not read DATABASE_URL by itself."""

from __future__ import annotations

from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.sdk import BuildContext

_TEXT = """\
<%
require "uri"

address = URI.parse(ENV["DATABASE_URL"].to_s) rescue abort("DATABASE_URL is not an address")
abort("DATABASE_URL is not set") if address.scheme.nil?
quoted = lambda { |value| "'" + value.gsub("'", "''") + "'" unless value.empty? }
text = lambda { |value| quoted.call(URI.decode_www_form_component(value.to_s.gsub("+", "%2B"))) }
%>
<%= ENV["RAILS_ENV"] || ENV["RACK_ENV"] %>:
  adapter: <%= address.scheme == "postgres" ? "postgresql" : address.scheme %>
  database: <%= text.call(address.path.to_s.split("/")[1]) %>
  username: <%= text.call(address.user) %>
  password: <%= text.call(address.password) %>
  host: <%= text.call(address.host) %>
  port: <%= address.port %>
<% URI.decode_www_form(address.query.to_s).each do |name, value| %>
  <%= name %>: <%= value =~ /\\A[\\w.-]+\\z/ ? value : quoted.call(value) %>
<% end %>
"""


def write_database_yml(context: BuildContext, lock: GemfileLock) -> None:
    """Write the file, as Heroku does: where there is ``config/``, and Active Record is absent or older than 4.1."""
    config = context.app_dir / "config"
    if not config.is_dir() or lock.is_at_least("activerecord", 4, 1):
        return
    context.output.step(
        "Writing config/database.yml to read from DATABASE_URL, as no Active Record of 4.1 or later does it"
    )
    (config / "database.yml").write_text(_TEXT)
