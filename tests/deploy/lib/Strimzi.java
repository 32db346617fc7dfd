// Reads resources of Strimzi, one JSON document a line of the standard input, by the classes with
// which its operators read them. Tells for each what they do not know or would read otherwise; an
// empty line when all is well.
//
//   java -cp 'JARS/*' Strimzi.java < resources.jsonl

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.strimzi.api.kafka.model.common.UnknownPropertyPreserving;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

class Strimzi {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      System.out.println(String.join("; ", judge(JSON.readTree(line))));
    }
  }

  private static List<String> judge(JsonNode resource) {
    List<String> problems = new ArrayList<>();
    String kind = resource.path("kind").asText();
    Class<?> type = kind.equals("KafkaTopic") ? KafkaTopic.class : KafkaUser.class;
    try {
      Object read = JSON.treeToValue(resource, type);
      Method spec = type.getMethod("getSpec");
      unknown(spec.invoke(read), "spec", problems);
      // What is no value of an enumeration is read as nothing.
      differ(resource.path("spec"), JSON.valueToTree(read).path("spec"), "spec", problems);
    } catch (Exception refused) {
      problems.add(String.valueOf(refused.getMessage()).replace('\n', ' '));
    }
    return problems;
  }

  /** Fields that the classes have no place for. */
  private static void unknown(Object value, String at, List<String> problems) throws Exception {
    if (value instanceof List<?> list) {
      for (int n = 0; n < list.size(); n++) unknown(list.get(n), at + "[" + n + "]", problems);
    }
    if (!(value instanceof UnknownPropertyPreserving known)) return;
    var more = known.getAdditionalProperties();
    if (more != null && !more.isEmpty()) problems.add(at + " has unknown " + more.keySet());
    for (Method method : value.getClass().getMethods()) {
      String name = method.getName();
      boolean isGetter = name.startsWith("get") && method.getParameterCount() == 0;
      if (isGetter && !name.equals("getClass") && !name.equals("getAdditionalProperties")) {
        unknown(method.invoke(value), at + "." + name.substring(3), problems);
      }
    }
  }

  private static void differ(JsonNode written, JsonNode read, String at, List<String> problems) {
    if (written.isObject() && read.isObject()) {
      written.fields().forEachRemaining(
          field -> differ(field.getValue(), read.path(field.getKey()), at + "." + field.getKey(), problems));
    } else if (written.isArray() && read.isArray() && written.size() == read.size()) {
      for (int n = 0; n < written.size(); n++) {
        differ(written.get(n), read.get(n), at + "[" + n + "]", problems);
      }
    } else if (!written.equals(read)) {
      problems.add(at + " is " + written + ", read as " + read);
    }
  }
}
