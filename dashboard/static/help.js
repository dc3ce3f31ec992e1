// The help page: its links keep what was looked at.
import { keepView } from "./links.js";

keepView(() => location.search);
