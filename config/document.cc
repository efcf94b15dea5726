// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

namespace tributary::config {
namespace {

class Reader {
 public:
  Reader(const std::string& file, Document& out) : file_(file), out_(out) {}

  void read(const toml::table& root) {
    for (auto&& [key, node] : root) {
      const std::string section(key.str());
      if (section == "broker") {
        brokers(key, node);
      } else if (const toml::table* table = node.as_table()) {
        keys(section, std::nullopt, *table);
      } else if (find_section(section)) {
        complain(key, section + " is a section: write [" + section +
                          "] on a line of its own, and its keys below");
      } else {
        outside(key);
      }
    }
  }

 private:
  std::string at(const toml::source_region& region) const {
    return file_ + ":" + std::to_string(region.begin.line) + ":" +
           std::to_string(region.begin.column);
  }
  void complain(const toml::key& key, std::string message) {
    out_.problems.push_back({at(key.source()), std::move(message)});
  }

  // A key above the first section.
  void outside(const toml::key& key) {
    std::string message = "key '" + std::string(key.str()) + "' stands in no section";
    for (const Key& known : schema()) {
      if (known.name == key.str()) {
        const std::string open =
            known.in_broker ? "[[broker]]" : "[" + std::string(known.section) + "]";
        message += "; it belongs below " + open;
        break;
      }
    }
    complain(key, message);
  }

  void brokers(const toml::key& key, const toml::node& node) {
    const toml::array* array = node.as_array();
    if (!array || array->empty() || !array->is_homogeneous(toml::node_type::table)) {
      return complain(
          key, "broker is a list: write [[broker]], with double brackets, once for each broker");
    }
    for (const toml::node& element : *array) {
      const std::size_t index = out_.brokers.size();
      out_.brokers.push_back(at(element.source()));
      keys("broker", index, *element.as_table());
    }
  }

  void keys(const std::string& section, std::optional<std::size_t> broker,
            const toml::table& table) {
    if (table.empty() && !find_section(section)) {
      out_.settings.push_back(
          {section, broker, "", Unfit{}, at(table.source()), at(table.source())});
    }
    for (auto&& [key, node] : table) {
      out_.settings.push_back({section, broker, std::string(key.str()), given(node),
                               at(key.source()), at(node.source())});
    }
  }

  static Given given(const toml::node& node) {
    if (const auto* value = node.as_boolean()) return value->get();
    if (const auto* value = node.as_integer()) return value->get();
    if (const auto* value = node.as_floating_point()) return value->get();
    if (const auto* value = node.as_string()) return value->get();
    if (node.is_table()) return Unfit{"a table"};
    if (const toml::array* array = node.as_array()) {
      std::vector<std::string> texts;
      for (const toml::node& element : *array) {
        const auto* text = element.as_string();
        if (!text) return Unfit{"a list of other things"};
        texts.push_back(text->get());
      }
      return texts;
    }
    return Unfit{"a date or time"};
  }

  const std::string& file_;
  Document& out_;
};

// "file:3:12" in the order of lines and columns.
std::pair<long, long> position(const std::string& where) {
  const std::size_t column = where.rfind(':');
  const std::size_t line = where.rfind(':', column - 1);
  return {std::stol(where.substr(line + 1)), std::stol(where.substr(column + 1))};
}

}  // namespace

Document read_document(const std::string& text, const std::string& file) {
  Document out;
  try {
    const toml::table root = toml::parse(std::string_view(text), std::string_view(file));
    Reader(file, out).read(root);
  } catch (const toml::parse_error& e) {
    const toml::source_position at = e.source().begin;
    out.problems.push_back(
        {file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
         "not valid TOML: " + std::string(e.description()) +
             ". Text needs quotes, numbers and true/false do not; every key needs a value"});
  }
  // The library keeps tables by name; people read files from the top.
  std::stable_sort(
      out.settings.begin(), out.settings.end(),
      [](const Setting& a, const Setting& b) { return position(a.where) < position(b.where); });
  return out;
}

}  // namespace tributary::config
