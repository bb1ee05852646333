import DefaultTheme from "vitepress/theme";
import "./legible.css";

export default DefaultTheme;
