package sheaf.peer;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/** A complete bundle, its children in their positions. */
record Submission(@JsonProperty("bundle_id") String bundleId, Event parent, List<Event> children) {

    static Submission of(Bundle complete) {
        return new Submission(complete.parent().id(), complete.parent(), complete.children());
    }
}
