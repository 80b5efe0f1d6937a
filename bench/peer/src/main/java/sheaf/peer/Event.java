package sheaf.peer;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;

/** A member of a bundle: the parent, which says how many children it has, or one of those children. */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Event(
        String id,
        @JsonProperty("parent_id") String parentId,
        Integer position,
        Integer children,
        String timestamp,
        @JsonProperty("random_value") Integer randomValue,
        String description) {

    @JsonIgnore
    boolean isParent() {
        return parentId == null;
    }

    /** The bundle that it belongs to is named by the parent. */
    @JsonIgnore
    String bundle() {
        return isParent() ? id : parentId;
    }
}
