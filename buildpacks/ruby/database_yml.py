"""config/database.yml for Active Record before 4.1, which does not read DATABASE_URL by itself."""

from __future__ import annotations

from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.sdk import BuildContext

_TEXT = """\
<%
require "cgi"
require "uri"

address = URI.parse(ENV["DATABASE_URL"] || "") rescue abort("DATABASE_URL is not an address")
abort("DATABASE_URL is not set") if address.scheme.nil?
adapter = address.scheme == "postgres" ? "postgresql" : address.scheme
options = CGI.parse(address.query || "").map { |name, values| [name, values.first] }
text = lambda { |value| value.nil? ? "" : CGI.unescape(value).to_s.to_json rescue value.to_s.inspect }
%>
<%= ENV["RAILS_ENV"] || ENV["RACK_ENV"] %>:
  adapter: <%= adapter %>
  database: <%= text.call((address.path || "").split("/")[1]) %>
  username: <%= text.call(address.user) %>
  password: <%= text.call(address.password) %>
  host: <%= text.call(address.host) %>
  port: <%= address.port %>
<% options.each do |name, value| %>
  <%= name %>: <%= text.call(value) %>
<% end %>
"""


def write_database_yml(context: BuildContext, lock: GemfileLock) -> None:
    """Write the file, as Heroku does: where there is ``config/``, and Active Record is absent or older than 4.1."""
    config = context.app_dir / "config"
    if not config.is_dir() or lock.is_at_least("activerecord", 4, 1):
        return
    context.output.step("Writing config/database.yml to read from DATABASE_URL, as the app's Active Record does not")
    (config / "database.yml").write_text(_TEXT)
