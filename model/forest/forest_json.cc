#include "model/forest/forest_json.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "simdjson.h"

namespace tenuto {
namespace {

namespace json = simdjson::ondemand;

absl::string_view View(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

absl::Status Wrong(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the model's ", field, ": ", what));
}

absl::Status Check(simdjson::error_code error, absl::string_view field) {
  if (!error) return absl::OkStatus();
  return Wrong(field, simdjson::error_message(error));
}

std::string_view Trim(std::string_view token) {
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

template <class Number>
bool Parse(std::string_view token, Number& number) {
  const char* const end = token.data() + token.size();
  const auto result = std::from_chars(token.data(), end, number);
  return result.ec == std::errc() && result.ptr == end;
}

// XGBoost wrote flags as true and false once, as 1 and 0 now.
bool Parse(std::string_view token, bool& flag) {
  flag = token == "1" || token == "true";
  return flag || token == "0" || token == "false";
}

// Reads numbers as they stand; "tree 3, node 7: ..." when one is none.
template <class Number>
absl::Status ReadNumbers(json::value& value, std::size_t tree,
                         absl::string_view field,
                         std::vector<Number>& numbers) {
  const std::string name = absl::StrCat("tree ", tree, ", ", field);
  json::array array;
  TENUTO_RETURN_IF_ERROR(Check(value.get_array().get(array), name));
  for (auto element : array) {
    json::value item;
    TENUTO_RETURN_IF_ERROR(Check(element.get(item), name));
    const std::string_view token = Trim(item.raw_json_token());
    Number number{};
    if (!Parse(token, number)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tree ", tree, ", node ", numbers.size(), ": its ", field, " is ",
          View(token.substr(0, 40)), ", no number that fits"));
    }
    numbers.push_back(number);
  }
  return absl::OkStatus();
}

// vector<bool> hands out no references, so flags are kept as bytes.
absl::Status ReadFlags(json::value& value, std::size_t tree,
                       absl::string_view field,
                       std::vector<std::uint8_t>& flags) {
  std::vector<bool> read;
  TENUTO_RETURN_IF_ERROR(ReadNumbers(value, tree, field, read));
  flags.assign(read.begin(), read.end());
  return absl::OkStatus();
}

// The arrays of one tree, one element a node.
struct TreeArrays {
  std::vector<std::int32_t> left;
  std::vector<std::int32_t> right;
  std::vector<std::uint32_t> column;
  std::vector<float> value;
  std::vector<float> cover;
  std::vector<std::uint8_t> default_left;
  std::vector<std::uint8_t> categorical;  // Empty in some versions.

  void Clear() {
    left.clear();
    right.clear();
    column.clear();
    value.clear();
    cover.clear();
    default_left.clear();
    categorical.clear();
  }
};

// Hands every field to `read` in the order of the text. The parser's look-ups
// by name trust the text to be well formed; what was damaged may not be.
template <class Read>
absl::Status ReadFields(json::object& object, absl::string_view name,
                        const Read& read) {
  for (auto found : object) {
    json::field field;
    TENUTO_RETURN_IF_ERROR(Check(std::move(found).get(field), name));
    std::string_view key;
    TENUTO_RETURN_IF_ERROR(Check(field.unescaped_key().get(key), name));
    TENUTO_RETURN_IF_ERROR(read(key, field.value()));
  }
  return absl::OkStatus();
}

template <class Read>
absl::Status ReadObject(json::value& value, absl::string_view name,
                        const Read& read) {
  json::object object;
  TENUTO_RETURN_IF_ERROR(Check(value.get_object().get(object), name));
  return ReadFields(object, name, read);
}

absl::Status ReadText(json::value& value, absl::string_view name,
                      std::string& text) {
  std::string_view view;
  TENUTO_RETURN_IF_ERROR(Check(value.get_string().get(view), name));
  text = std::string(view);
  return absl::OkStatus();
}

absl::Status CheckLeafSize(json::value& tree_param, std::size_t tree) {
  const std::string name = absl::StrCat("tree ", tree, ", tree_param");
  const auto read = [&](std::string_view key, json::value& value) {
    std::string size;
    if (key != "size_leaf_vector") return absl::OkStatus();
    TENUTO_RETURN_IF_ERROR(ReadText(value, name, size));
    if (size == "0" || size == "1") return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("tree ", tree, ": its leaves hold ", size.substr(0, 40),
                     " values; only trees with one output are supported"));
  };
  return ReadObject(tree_param, name, read);
}

// XGBoost puts a tree where its id says; here it stands where it is read.
absl::Status CheckId(json::value& value, std::size_t tree) {
  const std::string_view token = Trim(value.raw_json_token());
  std::size_t id = 0;
  if (Parse(token, id) && id == tree) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("tree ", tree, ": its id is ", View(token.substr(0, 40)),
                   "; trees must stand in the order of their ids"));
}

absl::Status ReadArrays(json::object& object, std::size_t tree,
                        TreeArrays& arrays) {
  arrays.Clear();
  const auto read = [&](std::string_view key, json::value& value) {
    if (key == "left_children") {
      return ReadNumbers(value, tree, "left_children", arrays.left);
    }
    if (key == "right_children") {
      return ReadNumbers(value, tree, "right_children", arrays.right);
    }
    if (key == "split_indices") {
      return ReadNumbers(value, tree, "split_indices", arrays.column);
    }
    if (key == "split_conditions") {
      return ReadNumbers(value, tree, "split_conditions", arrays.value);
    }
    if (key == "sum_hessian") {
      return ReadNumbers(value, tree, "sum_hessian", arrays.cover);
    }
    if (key == "default_left") {
      return ReadFlags(value, tree, "default_left", arrays.default_left);
    }
    if (key == "split_type") {
      return ReadFlags(value, tree, "split_type", arrays.categorical);
    }
    if (key == "id") return CheckId(value, tree);
    return key == "tree_param" ? CheckLeafSize(value, tree) : absl::OkStatus();
  };
  return ReadFields(object, absl::StrCat("tree ", tree), read);
}

absl::StatusOr<ForestTree> MakeTree(const TreeArrays& arrays,
                                    std::size_t number) {
  const std::size_t nodes = arrays.left.size();
  for (const auto& [field, size] :
       {std::pair<absl::string_view, std::size_t>("right_children",
                                                  arrays.right.size()),
        {"split_indices", arrays.column.size()},
        {"split_conditions", arrays.value.size()},
        {"sum_hessian", arrays.cover.size()},
        {"default_left", arrays.default_left.size()},
        {"split_type",
         arrays.categorical.empty() ? nodes : arrays.categorical.size()}}) {
    if (size == nodes) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("tree ", number, ", node ", std::min(size, nodes), ": ",
                     nodes, " left_children but ", size, " ", field));
  }
  ForestTree tree;
  tree.nodes.resize(nodes);
  for (std::size_t n = 0; n < nodes; ++n) {
    ForestNode& node = tree.nodes[n];
    node.value = arrays.value[n];
    node.cover = arrays.cover[n];
    if (arrays.left[n] == -1 && arrays.right[n] == -1) continue;
    node.left = arrays.left[n];
    node.right = arrays.right[n];
    // What lies beyond is beyond any number of columns, too.
    node.column = arrays.column[n] > INT32_MAX
                      ? INT32_MAX
                      : static_cast<std::int32_t>(arrays.column[n]);
    node.default_left = arrays.default_left[n] != 0;
    if (node.left < 0 || node.right < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("tree ", number, ", node ", n, ": links to node ",
                       std::min(node.left, node.right)));
    }
    if (!arrays.categorical.empty() && arrays.categorical[n] != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tree ", number, ", node ", n,
          ": a categorical split, which is not supported; give the category as "
          "number columns"));
    }
  }
  return tree;
}

// Which output a tree adds to.
absl::Status CheckOutputs(json::value& tree_info, std::int64_t& trees) {
  trees = 0;
  json::array outputs;
  TENUTO_RETURN_IF_ERROR(
      Check(tree_info.get_array().get(outputs), "tree_info"));
  for (auto element : outputs) {
    std::int64_t output = 0;
    TENUTO_RETURN_IF_ERROR(Check(element.get_int64().get(output), "tree_info"));
    if (output != 0) {
      return Wrong("tree_info", "several outputs are not supported");
    }
    ++trees;
  }
  return absl::OkStatus();
}

absl::Status ReadTrees(json::value& value, std::vector<ForestTree>& trees) {
  json::array array;
  TENUTO_RETURN_IF_ERROR(Check(value.get_array().get(array), "trees"));
  trees.clear();
  TreeArrays arrays;
  for (auto element : array) {
    json::object object;
    TENUTO_RETURN_IF_ERROR(Check(element.get_object().get(object),
                                 absl::StrCat("tree ", trees.size())));
    TENUTO_RETURN_IF_ERROR(ReadArrays(object, trees.size(), arrays));
    TENUTO_ASSIGN_OR_RETURN(ForestTree tree, MakeTree(arrays, trees.size()));
    trees.push_back(std::move(tree));
  }
  return absl::OkStatus();
}

// The margin at which XGBoost starts, in its own arithmetic.
absl::StatusOr<float> BaseMargin(const std::string& objective, float score) {
  if (objective == "binary:logistic" || objective == "reg:logistic") {
    if (score > 0 && score < 1) return -std::log(1.0f / score - 1.0f);
    return Wrong("base_score", absl::StrCat(score, " is not between 0 and 1"));
  }
  if (objective == "count:poisson" || objective == "reg:gamma" ||
      objective == "reg:tweedie") {
    if (score > 0 && std::isfinite(score)) return std::log(score);
    return Wrong("base_score", absl::StrCat(score, " is not above 0"));
  }
  if (objective == "reg:squarederror" || objective == "reg:absoluteerror" ||
      objective == "reg:pseudohubererror" || objective == "binary:logitraw") {
    return score;
  }
  return Wrong("objective",
               absl::StrCat(objective.substr(0, 60),
                            " is not supported; train with binary:logistic"));
}

// What of the text matters besides the trees; empty where it is not there.
struct ModelTexts {
  std::string booster;
  std::string objective;
  std::string base_score;
  std::string columns;
  std::string classes = "0";
  std::string targets = "1";
  std::int64_t trees = -1;  // That tree_info speaks of.
};

absl::Status ReadBooster(json::value& value, ModelTexts& texts,
                         std::vector<ForestTree>& trees) {
  const auto read_model = [&](std::string_view key, json::value& part) {
    if (key == "tree_info") return CheckOutputs(part, texts.trees);
    return key == "trees" ? ReadTrees(part, trees) : absl::OkStatus();
  };
  const auto read = [&](std::string_view key, json::value& part) {
    if (key == "name") return ReadText(part, "booster's name", texts.booster);
    return key == "model" ? ReadObject(part, "booster", read_model)
                          : absl::OkStatus();
  };
  return ReadObject(value, "gradient_booster", read);
}

absl::Status ReadParameters(json::value& value, ModelTexts& texts) {
  const auto read = [&](std::string_view key, json::value& part) {
    std::string* const text = key == "base_score"    ? &texts.base_score
                              : key == "num_feature" ? &texts.columns
                              : key == "num_class"   ? &texts.classes
                              : key == "num_target"  ? &texts.targets
                                                     : nullptr;
    return text == nullptr ? absl::OkStatus()
                           : ReadText(part, View(key), *text);
  };
  return ReadObject(value, "learner_model_param", read);
}

absl::Status ReadLearner(json::value& value, ModelTexts& texts,
                         std::vector<ForestTree>& trees) {
  const auto read_objective = [&](std::string_view key, json::value& part) {
    return key == "name" ? ReadText(part, "objective", texts.objective)
                         : absl::OkStatus();
  };
  const auto read = [&](std::string_view key, json::value& part) {
    if (key == "gradient_booster") return ReadBooster(part, texts, trees);
    if (key == "learner_model_param") return ReadParameters(part, texts);
    return key == "objective" ? ReadObject(part, "objective", read_objective)
                              : absl::OkStatus();
  };
  return ReadObject(value, "learner", read);
}

absl::Status CheckKind(const ModelTexts& texts) {
  if (texts.booster == "dart") {
    return Wrong("gradient_booster",
                 "dart is not supported: it weighs each tree, which the "
                 "engines do not; train with gbtree");
  }
  if (texts.booster != "gbtree") {
    return Wrong("gradient_booster",
                 absl::StrCat("\"", texts.booster.substr(0, 40),
                              "\" is not supported; train with gbtree"));
  }
  for (const auto& [name, text] : {std::pair("num_class", &texts.classes),
                                   {"num_target", &texts.targets}}) {
    if (*text == "0" || *text == "1") continue;
    return Wrong(name, absl::StrCat(text->substr(0, 40),
                                    "; only one output is supported"));
  }
  return absl::OkStatus();
}

// Parameters are numbers inside of strings; XGBoost 3 writes the base score as
// a vector of one: "[5E-1]".
absl::StatusOr<float> ParseBaseScore(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  float score = 0;
  if (Parse(text, score)) return score;
  return Wrong("base_score", absl::StrCat("\"", View(text.substr(0, 40)),
                                          "\" is not one number"));
}

// Does the object that opens the text close with it? The parser reads on demand
// and would not miss an end it is not asked for.
bool IsWhole(absl::string_view text) {
  std::int64_t open = 0;
  bool quoted = false;
  for (std::size_t k = 0; k < text.size(); ++k) {
    const char c = text[k];
    if (quoted) {
      if (c == '\\') ++k;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++open;
    } else if (c == '}' || c == ']') {
      if (--open == 0) {
        return text.find_first_not_of(" \t\r\n", k + 1) ==
               absl::string_view::npos;
      }
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<Forest> ReadForestJson(absl::string_view model_json,
                                      int columns) {
  if (!IsWhole(model_json)) {
    return Wrong("JSON", absl::StrCat("it is cut short after ",
                                      model_json.size(), " bytes, or damaged"));
  }
  const simdjson::padded_string padded(model_json.data(), model_json.size());
  json::parser parser;
  json::document document;
  TENUTO_RETURN_IF_ERROR(Check(parser.iterate(padded).get(document), "JSON"));
  json::object root;
  TENUTO_RETURN_IF_ERROR(Check(document.get_object().get(root), "JSON"));
  Forest forest;
  forest.columns = columns;
  ModelTexts texts;
  TENUTO_RETURN_IF_ERROR(
      ReadFields(root, "JSON", [&](std::string_view key, json::value& value) {
        return key == "learner" ? ReadLearner(value, texts, forest.trees)
                                : absl::OkStatus();
      }));
  TENUTO_RETURN_IF_ERROR(CheckKind(texts));
  if (texts.trees != static_cast<std::int64_t>(forest.trees.size())) {
    return Wrong("trees", absl::StrCat(forest.trees.size(), " of ", texts.trees,
                                       " trees are there"));
  }
  std::int64_t reads = 0;
  if (!Parse(texts.columns, reads)) return Wrong("num_feature", "no number");
  if (reads != columns) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the model reads ", reads, " columns, the manifest lists ", columns));
  }
  TENUTO_ASSIGN_OR_RETURN(const float base_score,
                          ParseBaseScore(texts.base_score));
  TENUTO_ASSIGN_OR_RETURN(forest.base_margin,
                          BaseMargin(texts.objective, base_score));
  TENUTO_RETURN_IF_ERROR(ValidateForest(forest));
  return forest;
}

}  // namespace tenuto
